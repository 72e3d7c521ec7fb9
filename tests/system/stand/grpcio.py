"""Real clients and servers of gRPC."""

import os
import sys

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")


def grpc_of_debian():
    """python3-grpcio, also for another Python than Debian's, which does not look where its packages lie."""
    try:
        import grpc
    except ImportError:
        sys.path.append("/usr/lib/python3/dist-packages")
        import grpc
    return grpc
