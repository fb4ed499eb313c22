"""The pole of inaccessibility of polygons, many at a time, by one pinned method (see `summit`)."""
