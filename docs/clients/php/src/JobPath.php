<?php

declare(strict_types=1);

namespace Plasmd;

/** The names of files that a job gets. */
final class JobPath
{
    /** Whether it names a file in the job's root: relative, without ".", ".." and empty parts. */
    public static function isValid(string $path): bool
    {
        if (self::units($path) > Limits::FILE_NAME_UNITS || str_contains($path, "\0")) {
            return false;
        }
        return array_intersect(explode('/', $path), ['', '.', '..']) === [];
    }

    /** @return list<string> the directories that it lies in */
    public static function directories(string $path): array
    {
        $directories = [];
        for ($at = strpos($path, '/'); $at !== false; $at = strpos($path, '/', $at + 1)) {
            $directories[] = substr($path, 0, $at);
        }
        return $directories;
    }

    /** UTF-16 units: characters of four bytes in UTF-8 are two of them. */
    private static function units(string $text): int
    {
        $continued = preg_match_all('/[\x80-\xbf]/', $text);
        return strlen($text) - (int) $continued + (int) preg_match_all('/[\xf0-\xf4]/', $text);
    }
}
