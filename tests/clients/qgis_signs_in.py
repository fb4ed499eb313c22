"""For scripts that run with PyQGIS: an authentication as its users make one, in the store of this home."""

from qgis.core import QgsApplication, QgsAuthMethodConfig  # type: ignore[import-not-found]


def sign_in(name: str, token: str, authentication: str = "gisland") -> None:
    """Keep name and token as an HTTP Basic authentication with this id, under a master password of its own."""
    manager = QgsApplication.authManager()
    if not manager.setMasterPassword("of this test only", True):
        raise SystemExit(f"QGIS has no store of authentications: {manager.disabledMessage()}")
    config = QgsAuthMethodConfig("Basic")
    config.setId(authentication)
    config.setName(authentication)
    config.setConfigMap({"username": name, "password": token, "realm": ""})
    manager.storeAuthenticationConfig(config)
    if authentication not in manager.configIds():
        raise SystemExit("QGIS did not store the authentication")
