<?php

/**
 * Answers questions about formats, one JSON line each, as the client in PHP sees them. A question is
 * a list of a name and what it is about; bytes are base64. An answer is {"refused": code} or a value.
 */

declare(strict_types=1);

use Plasmd\Exception\PlasmdException;
use Plasmd\Identity;
use Plasmd\JobSpec;
use Plasmd\Json\EsNumber;
use Plasmd\Json\Jcs;
use Plasmd\Receipt;
use Plasmd\Signed\Ed25519;

require __DIR__ . '/../../../docs/clients/php/autoload.php';

$answer = static fn (string $name, mixed ...$about): mixed => match ($name) {
    'number' => EsNumber::format(unpack('E', (string) hex2bin($about[0]))[1]),
    'json' => base64_encode(Jcs::encode($about[0])),
    'seal' => sealed($about[0], $about[1]),
    'job' => JobSpec::open((string) base64_decode($about[0]))->id,
    'receipt' => Receipt::open((string) base64_decode($about[0]), $about[1])->jobId,
    'verify' => Ed25519::verify(...array_map(base64_decode(...), $about)),
};

/** @return list<string> */
function sealed(stdClass $fields, string $seed): array
{
    $job = JobSpec::seal($fields, Identity::fromSeed((string) base64_decode($seed)));
    return [base64_encode($job->bytes), $job->id];
}

while (($line = fgets(STDIN)) !== false) {
    try {
        $said = $answer(...json_decode($line, false, 64, JSON_THROW_ON_ERROR));
    } catch (PlasmdException $thrown) {
        $said = ['refused' => $thrown->problem];
    }
    echo json_encode($said, JSON_THROW_ON_ERROR), "\n";
}
