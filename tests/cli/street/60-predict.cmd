beamcue predict out/fusion/model-seed1.safetensors --camera street/unit1/camera_data/image_0001_0003.jpg \
    --position 33.42043,-111.92891 --rsu 33.4203,-111.9289 --top 3
