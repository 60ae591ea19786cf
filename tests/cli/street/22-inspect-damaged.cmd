# Pictures that are gone and a label out of range are counted, not fatal.
cp -r street damaged
rm damaged/unit1/camera_data/image_0001_000[0-4].jpg
sed "5s/,[0-9]*,1,12:/,99,1,12:/" street/scenario.csv >damaged/scenario.csv
beamcue inspect damaged
