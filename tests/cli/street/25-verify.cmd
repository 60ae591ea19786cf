# Every file against the manifest: all well, then one changed and one gone.
beamcue inspect street --verify
cp -r street changed
printf X | dd of=changed/unit1/camera_data/image_0001_0000.jpg bs=1 seek=100 conv=notrunc 2>/dev/null
rm changed/unit1/camera_data/image_0002_0001.jpg
beamcue inspect changed --verify || echo "status $?"
beamcue simulate "$TESTS/tiny_street.yaml" --dry-run --set output=never --set max_output_gb=0.00001 2>/dev/null || echo "status $?"
test ! -e never
