beamcue inspect street --quiet=yes
