<?php

declare(strict_types=1);

namespace Plasmd\Json;

/** Times as signed documents write them: YYYY-MM-DDTHH:MM:SSZ, and no other spelling. */
final class Time
{
    /** Seconds since 1970, or null where it is no time that exists. */
    public static function parse(string $text): ?int
    {
        if (preg_match('/^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/D', $text, $parts) !== 1) {
            return null;
        }
        [, $year, $month, $day, $hour, $minute, $second] = array_map('intval', $parts);
        $utc = new \DateTimeImmutable('1970-01-01', new \DateTimeZone('UTC'));
        $time = $utc->setDate($year, $month, $day)->setTime($hour, $minute, $second)->getTimestamp();
        // The 30th of February would be a day in March.
        return self::format($time) === $text ? $time : null;
    }

    /** The spelling of seconds since 1970. */
    public static function format(int $seconds): string
    {
        return gmdate('Y-m-d\TH:i:s\Z', $seconds);
    }
}
