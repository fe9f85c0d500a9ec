<?php

declare(strict_types=1);

namespace Plasmd;

use Plasmd\Exception\IdentityException;
use Plasmd\Signed\Ed25519;

/** A key that signs: a raw Ed25519 seed of 32 bytes, as `plasmd identity new` makes it. */
final class Identity
{
    private const SEED_BYTES = SODIUM_CRYPTO_SIGN_SEEDBYTES;

    /** `ed25519:` and the public key: what workers allow. */
    public readonly string $keyId;

    private string $secretKey;

    private function __construct(#[\SensitiveParameter] string $secretKey)
    {
        $this->secretKey = $secretKey;
        $this->keyId = Ed25519::keyId(sodium_crypto_sign_publickey_from_secretkey($secretKey));
    }

    public function __destruct()
    {
        sodium_memzero($this->secretKey);
    }

    /** The identity of a seed. */
    public static function fromSeed(#[\SensitiveParameter] string $seed): self
    {
        if (strlen($seed) !== self::SEED_BYTES) {
            throw new IdentityException('A seed has 32 bytes, this one has ' . strlen($seed));
        }
        return new self(sodium_crypto_sign_secretkey(sodium_crypto_sign_seed_keypair($seed)));
    }

    /** Reads a key file that nobody else can read or replace. */
    public static function fromFile(string $path): self
    {
        clearstatcache(true, $path);
        // Looked at before it is opened: a pipe would hang us, and a link leads anywhere.
        $named = @lstat($path);
        if ($named === false) {
            throw new IdentityException("There is no key file \"$path\": make one with plasmd identity new");
        }
        self::checkFile($path, $named);
        self::checkDirectory($path);
        $file = @fopen($path, 'rb');
        if ($file === false) {
            throw new IdentityException("Cannot read the key file \"$path\"");
        }
        try {
            $opened = fstat($file);
            // What was looked at is what is read.
            if ($opened === false || [$opened['dev'], $opened['ino']] !== [$named['dev'], $named['ino']]) {
                throw new IdentityException("The key file \"$path\" changes while it is read");
            }
            self::checkFile($path, $opened);
            return self::fromSeed((string) fread($file, self::SEED_BYTES + 1));
        } finally {
            fclose($file);
        }
    }

    /** Makes a new key; an existing file is never replaced. */
    public static function create(string $path): self
    {
        self::checkDirectory($path);
        $before = umask(0077);
        $file = @fopen($path, 'xb');
        umask($before);
        if ($file === false) {
            throw new IdentityException("Cannot make the key file \"$path\": it exists, or can't be written");
        }
        $seed = random_bytes(self::SEED_BYTES);
        $written = fwrite($file, $seed) === self::SEED_BYTES && fflush($file) && fsync($file);
        fclose($file);
        if (!$written) {
            unlink($path);
            throw new IdentityException("Cannot write the key file \"$path\"");
        }
        return self::fromSeed($seed);
    }

    /** A signature of 64 bytes. */
    public function sign(string $message): string
    {
        return sodium_crypto_sign_detached($message, $this->secretKey);
    }

    /** @return array<string, string> what a dump shows: no secret */
    public function __debugInfo(): array
    {
        return ['keyId' => $this->keyId];
    }

    /** @return never a key is in its file, and nowhere else */
    public function __serialize(): array
    {
        throw new \LogicException('A key is never serialized');
    }

    private function __clone()
    {
    }

    /** @param array<array-key, int> $stat */
    private static function checkFile(string $path, array $stat): void
    {
        if (($stat['mode'] & 0170000) !== 0100000) {
            throw new IdentityException("The key file \"$path\" is not a regular file");
        }
        if (($stat['mode'] & 0177) !== 0) {
            $mode = sprintf('%04o', $stat['mode'] & 07777);
            throw new IdentityException("The key file \"$path\" has mode $mode, and must have 0600: chmod 600 $path");
        }
        if (function_exists('posix_geteuid') && $stat['uid'] !== posix_geteuid()) {
            throw new IdentityException("The key file \"$path\" belongs to another user");
        }
        if ($stat['size'] !== self::SEED_BYTES) {
            throw new IdentityException("The key file \"$path\" has {$stat['size']} bytes, a key has 32");
        }
    }

    /** Who can write the directory could put another key in the place of this one. */
    private static function checkDirectory(string $path): void
    {
        $stat = @stat(dirname($path));
        if ($stat === false) {
            throw new IdentityException("There is no directory for the key file \"$path\"");
        }
        if (($stat['mode'] & 0022) !== 0) {
            throw new IdentityException("Other users can write the directory of the key file \"$path\"");
        }
    }
}
