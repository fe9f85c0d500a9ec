<?php

declare(strict_types=1);

namespace Plasmd\Json;

use Plasmd\Exception\MalformedException;
use Plasmd\Limits;

/**
 * The canonical form of JSON (RFC 8785), byte for byte.
 *
 * A PHP list is an array, an object of stdClass is an object: `[]` and `{}` are two things. A PHP
 * array that is no list is refused, as nobody can tell what it means when it is empty.
 */
final class Jcs
{
    private const DEPTH = 128;

    /** The value's one canonical form, in UTF-8. */
    public static function encode(mixed $value): string
    {
        return self::write($value, self::DEPTH);
    }

    private static function write(mixed $value, int $depth): string
    {
        if ($depth === 0) {
            throw new MalformedException('The value is nested too deep for JSON');
        }
        return match (true) {
            $value === null => 'null',
            is_bool($value) => $value ? 'true' : 'false',
            is_string($value) => self::text($value),
            is_int($value) => self::whole($value),
            is_float($value) => EsNumber::format($value),
            is_array($value) => self::list($value, $depth),
            $value instanceof \stdClass => self::object($value, $depth),
            default => throw new MalformedException('JSON has no ' . get_debug_type($value)),
        };
    }

    private static function whole(int $number): string
    {
        // Numbers are doubles (RFC 8785 3.2.2.3): one that is none would be another number elsewhere.
        if (abs($number) > Limits::WHOLE) {
            throw new MalformedException("The number $number is beyond 2^53: other programs can't read it");
        }
        return (string) $number;
    }

    /** @param array<mixed> $values */
    private static function list(array $values, int $depth): string
    {
        if (!array_is_list($values)) {
            throw new MalformedException('An array with keys is no JSON list: cast it to an object');
        }
        $parts = array_map(static fn (mixed $value): string => self::write($value, $depth - 1), $values);
        return '[' . implode(',', $parts) . ']';
    }

    private static function object(\stdClass $object, int $depth): string
    {
        $parts = [];
        // PHP makes the name "1" a number where it can.
        foreach (get_mangled_object_vars($object) as $name => $value) {
            $name = (string) $name;
            $parts[self::order($name)] = self::text($name) . ':' . self::write($value, $depth - 1);
        }
        ksort($parts, SORT_STRING);
        return '{' . implode(',', $parts) . '}';
    }

    /**
     * What sorts by bytes like the text by UTF-16 units (RFC 8785 3.2.3): characters beyond U+FFFF,
     * whose first byte is F0 to F4, come before those from U+E000 on, whose first byte is EE or EF.
     * The letter in front keeps PHP from making a number of it.
     */
    private static function order(string $name): string
    {
        return 'k' . strtr($name, "\xEE\xEF", "\xFE\xFF");
    }

    private static function text(string $text): string
    {
        // RFC 8785 3.2.2.2: half a surrogate pair has no UTF-8.
        if (preg_match('//u', $text) !== 1) {
            throw new MalformedException('Text is not valid UTF-8');
        }
        return '"' . strtr($text, self::escapes()) . '"';
    }

    /** @return array<string, string> */
    private static function escapes(): array
    {
        static $escapes = null;
        if ($escapes === null) {
            $escapes = [];
            for ($code = 0; $code < 0x20; $code++) {
                $escapes[chr($code)] = sprintf('\\u%04x', $code);
            }
            $short = ["\x08" => '\\b', "\t" => '\\t', "\n" => '\\n', "\f" => '\\f', "\r" => '\\r'];
            $escapes = ['"' => '\\"', '\\' => '\\\\'] + $short + $escapes;
        }
        return $escapes;
    }
}
