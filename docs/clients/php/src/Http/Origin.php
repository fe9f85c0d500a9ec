<?php

declare(strict_types=1);

namespace Plasmd\Http;

use Plasmd\Exception\MalformedException;
use Plasmd\Printable;

/** Where a node is asked, like http://192.0.2.1:8080: a scheme, a host, a port and nothing else. */
final class Origin
{
    /** The origin that a person named. */
    public static function parse(string $text): string
    {
        $host = '(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9a-fA-F:.]{2,45}\])';
        if (preg_match("~^(https?://$host(?::\\d{1,5})?)/?\$~D", $text, $parts) !== 1) {
            throw new MalformedException('No origin like http://192.0.2.1:8080: "' . Printable::of($text) . '"');
        }
        return $parts[1];
    }

    /**
     * The IP address of an origin that a stranger named: strangers name no hosts and nothing but
     * plain HTTP. Null for anything else.
     */
    public static function addressOf(string $text): ?string
    {
        $pattern = '~^http://(?:(\d{1,3}(?:\.\d{1,3}){3})|\[([0-9a-f:.]{2,45})\]):(\d{1,5})$~D';
        if (preg_match($pattern, $text, $parts) !== 1 || (int) $parts[3] < 1 || (int) $parts[3] > 65535) {
            return null;
        }
        $address = $parts[1] !== '' ? $parts[1] : $parts[2];
        return filter_var($address, FILTER_VALIDATE_IP) === false ? null : $address;
    }
}
