beamcue compare out/fusion out/position out/knn --metric top_3 --html compare.html
head -c 15 compare.html
