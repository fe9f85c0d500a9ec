<?php

declare(strict_types=1);

namespace Plasmd\Signed;

use Plasmd\Exception\MalformedException;

/** Keys and signatures. */
final class Ed25519
{
    private const PREFIX = 'ed25519:';

    /** The keyid of a public key of 32 bytes. */
    public static function keyId(string $publicKey): string
    {
        return self::PREFIX . bin2hex($publicKey);
    }

    /** The public key of a keyid. */
    public static function publicKey(string $keyId): string
    {
        if (preg_match('/^ed25519:[0-9a-f]{64}$/D', $keyId) !== 1) {
            throw new MalformedException('A keyid is "ed25519:" and 64 lower-case hex digits');
        }
        return sodium_hex2bin(substr($keyId, strlen(self::PREFIX)));
    }

    /** Whether the signature is valid under strict rules, which every version of libsodium must meet. */
    public static function verify(string $signature, string $message, string $publicKey): bool
    {
        if (strlen($signature) !== SODIUM_CRYPTO_SIGN_BYTES || !self::isGoodPoint($publicKey)) {
            return false;
        }
        // Newer versions of libsodium accept an R with a part of small order, older ones don't.
        if (!self::isGoodPoint(substr($signature, 0, 32))) {
            return false;
        }
        return sodium_crypto_sign_verify_detached($signature, $message, $publicKey);
    }

    /**
     * Whether the 32 bytes are the canonical encoding of a point of the prime-order group. Under
     * any other key one signature can fit many messages.
     */
    public static function isGoodPoint(string $bytes): bool
    {
        if (strlen($bytes) !== SODIUM_CRYPTO_SIGN_PUBLICKEYBYTES || !self::isCanonical($bytes)) {
            return false;
        }
        try {
            // libsodium converts no point of small order, and none outside of the main subgroup.
            sodium_crypto_sign_ed25519_pk_to_curve25519($bytes);
            return true;
        } catch (\SodiumException) {
            return false;
        }
    }

    /** Whether the coordinate is below 2^255 - 19: the sign is the highest bit of the last byte. */
    private static function isCanonical(string $bytes): bool
    {
        $y = strrev($bytes);
        $y[0] = chr(ord($y[0]) & 0x7f);
        return strcmp($y, "\x7f" . str_repeat("\xff", 30) . "\xed") < 0;
    }
}
