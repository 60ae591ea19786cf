beamcue help >a && beamcue --help | cmp - a && beamcue help train >a && beamcue train --help | cmp - a && echo same
