"""VN-2000: the zones of the cadastral map (circular 25/2014/TT-BTNMT, annex 2)."""

# EPSG code of each VN-2000 / TM-3 zone → its central meridian, degrees east.
MERIDIANS = {
    5896: 102.0,
    9205: 103.0,
    9206: 104.0,
    9207: 104.5,
    9208: 104.75,
    5897: 105.0,
    9209: 105.5,
    9210: 105.75,
    9211: 106.0,
    9212: 106.25,
    9213: 106.5,
    9214: 107.0,
    9215: 107.25,
    9216: 107.5,
    5899: 107.75,
    5898: 108.0,
    9217: 108.25,
    9218: 108.5,
}
