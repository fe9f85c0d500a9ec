<?php

declare(strict_types=1);

namespace Plasmd\Http;

use Plasmd\Blob;
use Plasmd\Exception\UnreachableException;
use Plasmd\Limits;

/** Requests by libcurl. Everything that comes is bounded in size and time. */
final class CurlTransport implements Transport
{
    public function send(Request $request): Response
    {
        $answer = new Answer($request);
        $handle = curl_init();
        curl_setopt_array($handle, self::options($request, $answer) + self::body($request->body));
        $done = curl_exec($handle);
        $answer->check();
        // The sink has had enough: what came is what was wanted.
        if ($done === false && !$answer->isStopped()) {
            throw new UnreachableException("No whole answer from $request->url: " . curl_error($handle));
        }
        return new Response(
            (int) curl_getinfo($handle, CURLINFO_RESPONSE_CODE),
            $answer->headers(),
            $answer->body(),
            (string) curl_getinfo($handle, CURLINFO_PRIMARY_IP),
        );
    }

    /** @return array<int, mixed> */
    private static function options(Request $request, Answer $answer): array
    {
        return [
            CURLOPT_URL => $request->url,
            CURLOPT_CUSTOMREQUEST => $request->method,
            CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
            CURLOPT_FOLLOWLOCATION => false,
            // A worker is asked at its address: no variable of the environment sends us elsewhere.
            CURLOPT_PROXY => '',
            CURLOPT_HTTPHEADER => ['Accept-Encoding: identity', ...$request->headers],
            CURLOPT_HTTP09_ALLOWED => false,
            CURLOPT_NOSIGNAL => true,
            CURLOPT_CONNECTTIMEOUT_MS => (int) (min(Limits::CONNECT_SECONDS, $request->seconds) * 1000),
            CURLOPT_TIMEOUT_MS => max(1, (int) ($request->seconds * 1000)),
            CURLOPT_LOW_SPEED_LIMIT => $request->silentSeconds > 0 ? 1 : 0,
            CURLOPT_LOW_SPEED_TIME => $request->silentSeconds,
            CURLOPT_HEADERFUNCTION => static fn (\CurlHandle $handle, string $line): int =>
                $answer->takeHeader($line) ? strlen($line) : -1,
            CURLOPT_WRITEFUNCTION => static fn (\CurlHandle $handle, string $bytes): int =>
                $answer->take((int) curl_getinfo($handle, CURLINFO_RESPONSE_CODE), $bytes) ? strlen($bytes) : -1,
        ];
    }

    /** @return array<int, mixed> */
    private static function body(?Blob $blob): array
    {
        if ($blob === null) {
            return [];
        }
        $sent = 0;
        return [
            CURLOPT_UPLOAD => true,
            CURLOPT_INFILESIZE => $blob->size,
            CURLOPT_READFUNCTION => static function ($handle, $file, int $length) use ($blob, &$sent): string {
                $part = $blob->read($sent, $length);
                $sent += strlen($part);
                return $part;
            },
        ];
    }
}
