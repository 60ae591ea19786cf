beamcue simulate "$TESTS/tiny_street.yaml" --set output=street2 --set episodes=1 --set camera.enabled=false --json |
    json_get command status result.output result.episodes result.samples result.samples_blocked
