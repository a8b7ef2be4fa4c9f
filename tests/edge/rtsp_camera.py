"""An RTSP camera for tests, by GStreamer's RTSP server; run by the system's Python, which has its bindings.

Started as `rtsp_camera.py PORT USER PASSWORD KEYFRAME_INTERVAL any|udp`: it gives 320x240 h264 at 10 fps
under `/live` to whoever knows the password, and runs until killed. It says "ready PORT" when it listens (on a
free port when PORT is 0), and for each watcher "over tcp" or "over udp". With `--check` it says what this
machine lacks, a Debian package a line.
"""

import sys

ELEMENTS = ("videotestsrc", "x264enc", "rtph264pay")


def missing() -> list[str]:
    """Name what this machine lacks, as Debian's packages are called."""
    try:
        import gi
    except ImportError:
        return ["python3-gi"]
    try:
        gi.require_version("Gst", "1.0")
        gi.require_version("GstRtsp", "1.0")
        gi.require_version("GstRtspServer", "1.0")
    except ValueError:
        return ["gir1.2-gst-rtsp-server-1.0"]
    from gi.repository import Gst

    Gst.init(None)
    packages = dict(zip(ELEMENTS, ("base", "ugly", "good"), strict=True))
    return [
        f"gstreamer1.0-plugins-{package}"
        for element, package in packages.items()
        if Gst.ElementFactory.find(element) is None
    ]


def main() -> None:
    """Serve until killed."""
    port, user, password, keyframe_interval, transport = sys.argv[1:]
    from gi.repository import GLib, GstRtsp, GstRtspServer

    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(port)
    auth, token = GstRtspServer.RTSPAuth.new(), GstRtspServer.RTSPToken.new()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "watcher")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(
        "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=10/1 ! "
        f"x264enc tune=zerolatency speed-preset=ultrafast key-int-max={keyframe_interval} ! "
        "rtph264pay name=pay0 pt=96 config-interval=-1 )"
    )
    factory.set_shared(True)
    lower = GstRtsp.RTSPLowerTrans
    factory.set_protocols(lower.UDP if transport == "udp" else lower.TCP | lower.UDP)
    allowed = True
    permissions = GstRtspServer.RTSPPermissions.new()
    for right in ("ACCESS", "CONSTRUCT"):
        name = getattr(GstRtspServer, f"RTSP_PERM_MEDIA_FACTORY_{right}")
        permissions.add_permission_for_role("watcher", name, allowed)
    factory.set_permissions(permissions)
    server.get_mount_points().add_factory("/live", factory)
    if not server.attach(None):
        sys.exit(f"port {port} is taken")

    def connected(_: GstRtspServer.RTSPServer, client: GstRtspServer.RTSPClient) -> None:
        client.connect("setup-request", set_up)

    def set_up(_: GstRtspServer.RTSPClient, context: GstRtspServer.RTSPContext) -> None:
        over = context.trans.get_transport().lower_transport
        sys.stdout.write("over tcp\n" if over == GstRtsp.RTSPLowerTrans.TCP else "over udp\n")
        sys.stdout.flush()

    server.connect("client-connected", connected)
    sys.stdout.write(f"ready {server.get_bound_port()}\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.stdout.write("\n".join(missing()))
    else:
        missing()
        main()
