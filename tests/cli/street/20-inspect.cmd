beamcue inspect street --html street.html
head -c 15 street.html
