beamcue inspect street --html a.html --html=b.html
