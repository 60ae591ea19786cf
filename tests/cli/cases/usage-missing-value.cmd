beamcue inspect street --html
