mkdir lists
printf 'runs: {both: ../out/fusion, neighbours: ../out/knn}\ncomparisons:\n  - {a: both, b: out/position, metrics: [top_1]}\n  - {a: both, b: neighbours, metrics: [loss_db, rss_db]}\n' >lists/asked.yaml
touch -d '2001-01-01' lists/asked.yaml
beamcue compare lists/asked.yaml
