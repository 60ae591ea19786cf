cat >tree.osm <<'X'
<osm><node id="1" lat="48.1" lon="11.5"><tag k="natural" v="tree"/><tag k="height" v="10"/></node>
<node id="2" lat="48.1" lon="11.499"/><node id="3" lat="48.1" lon="11.501"/>
<way id="1"><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/></way>
<way id="2"><nd ref="2"/><nd ref="3"/><nd ref="1"/><tag k="building" v="yes"/></way></osm>
X
cat >fcd.xml <<'X'
<fcd-export><timestep time="5"><vehicle id="a" x="11.4995" y="48.1" angle="90"/><vehicle id="b" x="11.5" y="48.1" angle="90"/></timestep>
<timestep time="6"><vehicle id="a" x="11.4996" y="48.1" angle="90"/><vehicle id="b" x="11.5" y="48.1" angle="90"/></timestep></fcd-export>
X
cat >wall.obj <<'X'
o wall
usemtl itu_brick
v 0 0 0
v 4 0 0
v 4 2 0
v 0 2 0
f 1 2 3 4
X
beamcue scene tree.osm --traffic fcd.xml --geographic --origin 48.1,11.5 --left-hand --quiet 2>&1
beamcue scene tree.osm --strict
beamcue scene wall.obj --y-up --unit 0.5 --quiet
beamcue scene wall.obj --strict
beamcue scene wall.obj --unit -1
