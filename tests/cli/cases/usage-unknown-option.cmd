beamcue inspect street --htlm page.html
