<?php

declare(strict_types=1);

namespace Plasmd\Http;

/** How far an address reaches. */
enum Scope: int
{
    case Machine = 0;
    case Site = 1;
    case World = 2;

    /** The scope of an IP address; one that is none reaches nothing but this machine. */
    public static function of(string $address): self
    {
        $bytes = @inet_pton($address);
        if ($bytes === false) {
            return self::Machine;
        }
        if (str_starts_with($bytes, str_repeat("\0", 10) . "\xff\xff") && strlen($bytes) === 16) {
            $bytes = substr($bytes, 12); // an IPv4 address in IPv6
        }
        return strlen($bytes) === 4 ? self::ofV4($bytes) : self::ofV6($bytes);
    }

    /**
     * Whether a node that was reached at this scope may send us to the other one: a stranger on the
     * internet never aims us at machines that only we can reach.
     */
    public function mayName(self $other): bool
    {
        return $other->value >= $this->value;
    }

    private static function ofV4(string $bytes): self
    {
        [$a, $b] = [ord($bytes[0]), ord($bytes[1])];
        return match (true) {
            $a === 127, $a === 0, $a >= 224 => self::Machine,
            $a === 10, $a === 172 && $b >> 4 === 1, $a === 192 && $b === 168 => self::Site,
            $a === 169 && $b === 254, $a === 100 && $b >> 6 === 1 => self::Site,
            default => self::World,
        };
    }

    private static function ofV6(string $bytes): self
    {
        [$a, $b] = [ord($bytes[0]), ord($bytes[1])];
        return match (true) {
            $a === 0, $a === 0xff => self::Machine,
            ($a & 0xfe) === 0xfc, $a === 0xfe && ($b & 0x80) !== 0 => self::Site,
            default => self::World,
        };
    }
}
