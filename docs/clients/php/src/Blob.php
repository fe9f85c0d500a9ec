<?php

declare(strict_types=1);

namespace Plasmd;

use Plasmd\Exception\MalformedException;

/** Bytes that a job needs, named by their digest: of memory, or of a file that is read as it is sent. */
final class Blob
{
    /** @param \Closure(int, int): string $read */
    private function __construct(
        /** `sha256:` and 64 hex digits. */
        public readonly string $digest,
        /** Bytes. */
        public readonly int $size,
        private readonly \Closure $read,
    ) {
    }

    /** These bytes. */
    public static function fromString(string $bytes): self
    {
        $read = static fn (int $offset, int $length): string => substr($bytes, $offset, $length);
        return new self('sha256:' . hash('sha256', $bytes), strlen($bytes), $read);
    }

    /** The bytes of a file; a worker refuses them if they change before they are sent. */
    public static function fromFile(string $path): self
    {
        $file = is_file($path) ? @fopen($path, 'rb') : false;
        if ($file === false) {
            throw new MalformedException("Cannot read the file \"$path\"");
        }
        $hash = hash_init('sha256');
        $size = hash_update_stream($hash, $file);
        $read = static function (int $offset, int $length) use ($file): string {
            fseek($file, $offset);
            return (string) fread($file, $length);
        };
        return new self('sha256:' . hash_final($hash), $size, $read);
    }

    /** Some of the bytes, fewer at the end. */
    public function read(int $offset, int $length): string
    {
        return $length > 0 ? ($this->read)($offset, $length) : '';
    }
}
