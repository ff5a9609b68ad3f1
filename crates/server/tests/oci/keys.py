"""Makes the keys of users: for each name a private key in a file, and prints the public keys."""

import json
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

folder, names = sys.argv[1], sys.argv[2:]
public = {}
for name in names:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with open(f"{folder}/{name}.pem", "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
    public[name] = (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
print(json.dumps(public))
