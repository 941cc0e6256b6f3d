"""ASGI: routing, authentication, the API routers, the static dashboard and the background jobs."""
