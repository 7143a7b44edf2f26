"""AS4 as Peppol profiles it (2.0.3): messages packed and unpacked, signals, nothing of sockets."""
