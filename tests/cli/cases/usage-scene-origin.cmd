beamcue scene town.osm --origin north
