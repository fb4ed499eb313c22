"""The registry: units, sheets, parcels, holders, rights, certificates. It knows no other room."""
