beamcue export-samples "$TESTS/tiny_fusion.yaml" --out samples
ls samples
cut -d , -f 2 samples/samples.csv | sort | uniq -c | sed 's/^ *//'
head -c 128 samples/camera.npy | tail -c 118 | tr -s ' '
