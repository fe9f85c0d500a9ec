<?php

declare(strict_types=1);

namespace Plasmd;

/** Strangers' text for people: cut, and without characters that steer a terminal. */
final class Printable
{
    /** The text in plain ASCII and other printable characters, the rest escaped. */
    public static function of(string $text): string
    {
        $ascii = preg_match('//u', $text) === 1 ? $text : (string) preg_replace('/[\x80-\xff]/', '?', $text);
        $cut = (string) preg_replace('/^(.{' . Limits::SHOWN_CHARACTERS . '}).+$/us', '$1...', $ascii);
        // Controls, line and paragraph separators, and what turns the direction of writing.
        $odd = '/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u';
        $escape = static fn (array $match): string => '\\x' . bin2hex($match[0]);
        return (string) preg_replace_callback($odd, $escape, $cut);
    }
}
