beamcue inspect street --json | json_get command status result.samples result.episodes result.beams result.available error
