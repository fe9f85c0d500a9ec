<?php

/**
 * A server that answers every connection with bytes as they are: argument 1 is the answer in base64,
 * argument 2 how: "close" after it, "hang" after it, or "flood" it without end. Prints its port,
 * then each request's head and length of its body in JSON, a line each.
 */

declare(strict_types=1);

[, $answer, $how] = $argv;
$server = stream_socket_server('tcp://127.0.0.1:0');
echo explode(':', (string) stream_socket_get_name($server, false))[1], "\n";
while (($client = @stream_socket_accept($server, 60)) !== false) {
    $got = '';
    while (!str_contains($got, "\r\n\r\n") && !feof($client)) {
        $got .= fread($client, 65_536);
    }
    [$head, $body] = explode("\r\n\r\n", $got, 2) + [1 => ''];
    $length = preg_match('/content-length: (\d+)/i', $head, $parts) === 1 ? (int) $parts[1] : 0;
    if (stripos($head, 'expect: 100-continue') !== false) {
        fwrite($client, "HTTP/1.1 100 Continue\r\n\r\n");
    }
    while (strlen($body) < $length && !feof($client)) {
        $body .= fread($client, 65_536);
    }
    echo json_encode(['head' => $head, 'body' => md5($body), 'length' => strlen($body)]), "\n";
    $bytes = (string) base64_decode($answer);
    do {
        $sent = @fwrite($client, $bytes);
    } while ($how === 'flood' && $sent !== false && $sent > 0);
    if ($how === 'hang') {
        fread($client, 1); // until the client leaves
    }
    fclose($client);
}
