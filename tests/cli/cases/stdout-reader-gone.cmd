# The reader closes its end before the program starts.
mkfifo gone
{ read -r _ <gone; beamcue help train-config; echo "status $?" >&2; } | { exec <&-; echo closed >gone; }
