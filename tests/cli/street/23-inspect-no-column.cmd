mkdir columns
sed "1s/unit1_beam/unit1_baem/;1s/unit1_pwr_60ghz/unit1_pvr_60ghz/" street/scenario.csv >columns/scenario.csv
beamcue inspect columns
