<?php

declare(strict_types=1);

namespace Plasmd\Json;

use Plasmd\Exception\MalformedException;
use Plasmd\Limits;

/** Signed documents are canonical, or refused. */
final class Canonical
{
    /** The object that the bytes spell in their one canonical form. */
    public static function parse(string $bytes, string $what, int $max): \stdClass
    {
        if (strlen($bytes) > $max) {
            self::refuse($what, 'size is ' . strlen($bytes) . " bytes, limit is $max");
        }
        try {
            $value = json_decode($bytes, false, Limits::JSON_DEPTH + 1, JSON_THROW_ON_ERROR);
        } catch (\JsonException $thrown) {
            throw new MalformedException("Cannot read the $what: it is no JSON", $thrown);
        }
        if (!$value instanceof \stdClass) {
            self::refuse($what, 'it is not a JSON object');
        }
        self::checkValue($value, $what);
        // One document has one byte string: duplicate members, second spellings and reformatted
        // files are refused by this.
        if (Jcs::encode($value) !== $bytes) {
            self::refuse($what, 'it is not in canonical form (RFC 8785)');
        }
        return $value;
    }

    /** Checks what RFC 8785 allows and signed documents don't: fractions, and a name that gets lost. */
    public static function checkValue(mixed $value, string $what): void
    {
        if (is_float($value)) {
            self::refuse($what, 'it holds a number that is not whole, or beyond 2^53');
        }
        $inner = $value instanceof \stdClass ? get_mangled_object_vars($value) : $value;
        if (!is_array($inner)) {
            return;
        }
        foreach ($inner as $name => $one) {
            if ($name === '__proto__') {
                self::refuse($what, 'it has a member "__proto__"');
            }
            self::checkValue($one, $what);
        }
    }

    private static function refuse(string $what, string $why): never
    {
        throw new MalformedException("Cannot read the $what: $why");
    }
}
