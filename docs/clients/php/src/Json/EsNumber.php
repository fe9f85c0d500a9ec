<?php

declare(strict_types=1);

namespace Plasmd\Json;

use Plasmd\Exception\MalformedException;

/** Numbers as ECMAScript writes them (ECMA-262, Number::toString), which RFC 8785 3.2.2.3 asks for. */
final class EsNumber
{
    /** The shortest text that reads back as the same number. */
    public static function format(float $number): string
    {
        if (!is_finite($number)) {
            throw new MalformedException('JSON has no infinity and no NaN');
        }
        if ($number === 0.0) {
            return '0'; // minus zero, too
        }
        [$digits, $point] = self::shortest(abs($number));
        return ($number < 0 ? '-' : '') . self::place($digits, $point);
    }

    /**
     * The shortest digits, and where the point lies: 0.DIGITS times ten to the power of it.
     *
     * @return array{string, int}
     */
    private static function shortest(float $number): array
    {
        // Precision -1 asks for the shortest digits, whatever php.ini and the locale say.
        preg_match('/^(\d+)(?:\.(\d+))?(?:E([+-]\d+))?$/', sprintf('%.*H', -1, $number), $parts);
        $whole = $parts[1];
        $all = $whole . ($parts[2] ?? '');
        $digits = ltrim($all, '0');
        $point = strlen($whole) + (int) ($parts[3] ?? 0) - (strlen($all) - strlen($digits));
        return [rtrim($digits, '0'), $point];
    }

    private static function place(string $digits, int $point): string
    {
        $count = strlen($digits);
        if ($point > 21 || $point <= -6) {
            return self::exponential($digits, $point - 1);
        }
        if ($point <= 0) {
            return '0.' . str_repeat('0', -$point) . $digits;
        }
        return $count <= $point
            ? $digits . str_repeat('0', $point - $count)
            : substr($digits, 0, $point) . '.' . substr($digits, $point);
    }

    private static function exponential(string $digits, int $exponent): string
    {
        $mantissa = strlen($digits) === 1 ? $digits : $digits[0] . '.' . substr($digits, 1);
        return $mantissa . 'e' . ($exponent < 0 ? '-' : '+') . abs($exponent);
    }
}
