cat >town.osm <<'X'
<osm version="0.6">
<node id="1" lat="48.1" lon="11.5"/><node id="2" lat="48.1" lon="11.5003"/><node id="3" lat="48.1002" lon="11.5003"/><node id="4" lat="48.1002" lon="11.5"/>
<node id="5" lat="48.0999" lon="11.499"/><node id="6" lat="48.0999" lon="11.501"/>
<way id="10"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/><tag k="building" v="yes"/><tag k="height" v="12"/></way>
<way id="11"><nd ref="1"/><nd ref="3"/><nd ref="2"/><nd ref="4"/><nd ref="1"/><tag k="building" v="yes"/><tag k="name" v="Bow"/></way>
<way id="12"><nd ref="5"/><nd ref="6"/><tag k="highway" v="residential"/></way>
</osm>
X
beamcue scene town.osm --glb town.glb
printf "fallback: concrete\n" >all.yaml
beamcue scene town.glb --json --materials all.yaml
