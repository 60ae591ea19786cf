beamcue train || true
beamcue train --init a || true
beamcue train x --init a --data b || true
beamcue train --init a --data b --shots 20,10 || true
beamcue train x --shots 20 || true
beamcue train --init a --data none
