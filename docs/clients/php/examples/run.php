<?php

/**
 * Has a WebAssembly module run by a worker, prints its output once it is verified, and exits with
 * its code:
 *
 *     php examples/run.php KEYFILE NODE WORKER[,WORKER…] MODULE [ARGS…]
 *
 * KEYFILE is made by `plasmd identity new --file KEYFILE` (or by this script, where there is none),
 * NODE is any node like http://192.0.2.1:8080, and each WORKER the keyid of a worker that you trust.
 */

declare(strict_types=1);

use Plasmd\Blob;
use Plasmd\Client;
use Plasmd\Exception\PlasmdException;
use Plasmd\Identity;
use Plasmd\Job;

$composer = __DIR__ . '/../vendor/autoload.php';
require is_file($composer) ? $composer : __DIR__ . '/../autoload.php';

if ($argc < 5) {
    fwrite(STDERR, "usage: php run.php KEYFILE NODE WORKER[,WORKER...] MODULE [ARGS...]\n");
    exit(2);
}
[, $keyFile, $node, $pinned, $module] = $argv;

try {
    $identity = file_exists($keyFile) ? Identity::fromFile($keyFile) : Identity::create($keyFile);
    fwrite(STDERR, "submitter: $identity->keyId\n");
    $client = new Client($identity, explode(',', $pinned));
    $workers = $client->discover($node);
    fwrite(STDERR, 'workers: ' . count($workers) . "\n");
    $result = $client->run(new Job(Blob::fromFile($module), array_slice($argv, 5)), $workers);
} catch (PlasmdException $thrown) {
    fwrite(STDERR, "$thrown->problem: {$thrown->getMessage()}\n");
    exit(1);
}
fwrite(STDERR, "job: {$result->job->id}\nworker: {$result->receipt->worker}\n");
fwrite(STDERR, $result->stderr);
echo $result->stdout;
exit($result->receipt->exitCode);
