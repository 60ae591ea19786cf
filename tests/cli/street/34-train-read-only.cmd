# Root may write anywhere, so the folder is one that nobody can make.
beamcue train "$TESTS/tiny_position.yaml" --set out=/proc/nowhere
