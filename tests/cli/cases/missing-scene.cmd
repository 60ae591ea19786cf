beamcue scene nowhere.osm
