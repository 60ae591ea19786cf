beamcue bench "$TESTS/../../../pretrained/point_student_street_v1.safetensors" --runs 3 --warmup 1 --threads 1
