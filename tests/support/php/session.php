<?php

/**
 * A submitter's session with two workers: what the client does and refuses, told as JSON. Its one
 * argument is JSON: node, seed (base64), workers (keyid => origins), liar (an origin at which the
 * first worker's output is changed), cutting (an origin that breaks connections), modules (paths).
 */

declare(strict_types=1);

use Plasmd\Blob;
use Plasmd\Client;
use Plasmd\Exception\NoWorkerException;
use Plasmd\Exception\PlasmdException;
use Plasmd\Http\CurlTransport;
use Plasmd\Identity;
use Plasmd\Job;
use Plasmd\JobEvent;
use Plasmd\JobLimits;
use Plasmd\SystemClock;
use Plasmd\Worker;
use Plasmd\WorkerClient;

require __DIR__ . '/../../../docs/clients/php/autoload.php';

$given = json_decode($argv[1]);
$identity = Identity::fromSeed((string) base64_decode($given->seed));
[$first, $second] = array_keys((array) $given->workers);
$client = new Client($identity, [$first, $second]);
$found = $client->discover($given->node);
$known = [$first => $given->workers->$first, $second => $given->workers->$second];
$report = ['found' => array_map(static fn (Worker $one): array => [$one->keyId, $one->origins], $found)];
$module = static fn (string $name): Blob => Blob::fromFile($given->modules->$name);
$code = static function (callable $act): string {
    try {
        $act();
        return 'done';
    } catch (NoWorkerException $thrown) {
        return implode(',', array_map(static fn ($one): string => $one->problem, array_values($thrown->failures)));
    } catch (PlasmdException $thrown) {
        return $thrown->problem;
    }
};

// A job with everything, done by whoever was found.
$text = "caf\u{e9} \u{2028} \u{1f602}";
$job = new Job($module('cat'), [$text, ''], ['LANG' => $text, '1' => 'one'], Blob::fromString($text), [
    'data/in.txt' => Blob::fromString("a file\n"),
]);
$result = $client->run($job, $found);
$report['cat'] = [$result->stdout, $result->receipt->exitCode, $result->receipt->completion->value];

// The same job again is the job that is there.
$at = $client->at($known[$result->job->worker][0]);
$report['again'] = $at->submit($result->job)->state->value;

// One that lies about output is given up for the next.
$hello = new Job($module('hello'));
$liar = new Worker($first, [$given->liar]);
$report['liar'] = $code(static fn () => $client->run($hello, [$liar]));
$report['next'] = $client->run($hello, [$liar, new Worker($second, $known[$second])])->receipt->worker === $second;
$gone = new Worker($first, ['http://127.0.0.1:1']);
$report['gone'] = $client->run($hello, [$gone, new Worker($second, $known[$second])])->stdout;

// Followed over connections that break.
$events = '';
$status = [];
$follow = static function (JobEvent $event) use (&$events, &$status): void {
    $events .= $event->data;
    $status[] = $event->status?->state->value;
};
$large = $client->run(new Job($module('large')), [new Worker($first, [$given->cutting])], $follow);
$report['followed'] = [$events === $large->stdout, strlen($large->stdout), end($status)];

// Ended early: by its submitter, and by nobody else.
$at = $client->at($known[$first][0]);
$loop = new Job($module('loop'), limits: new JobLimits(wallMs: 50_000));
$spec = $loop->signFor($first, $identity);
$at->submitWhole($spec, $loop);
$stranger = Identity::fromSeed(str_repeat("\x07", 32));
$report['strangerCancels'] = $code(static fn () => $at->cancel($spec->id, $stranger));
$at->cancel($spec->id, $identity);
$at->wait($spec->id, 20.0);
$report['cancelled'] = $at->collect($spec)->receipt->completion->value;
$slow = static fn () => $client->run($loop, [new Worker($first, $known[$first])], seconds: 0.3);
$report['slow'] = $code($slow);

// What a worker refuses.
$report['stranger'] = $code(static fn () => (new Client($stranger, [$first]))->run($hello, [new Worker($first, $known[$first])]));
$forOther = $hello->signFor($second, $identity);
$report['wrongWorker'] = $code(static fn () => $at->submit($forOther));
$old = $hello->signFor($first, $identity, time() - 7200);
$report['expired'] = $code(static fn () => $at->submit($old));
$bad = new Job(Blob::fromString("\0asm\1\0\0\0 none"));
$report['module'] = $code(static fn () => $client->run($bad, [new Worker($first, $known[$first])]));
$greedy = new Job($module('hello'), limits: new JobLimits(memoryBytes: 1 << 40));
$report['greedy'] = $code(static fn () => $client->run($greedy, [new Worker($first, $known[$first])]));
$unknown = new WorkerClient($known[$first][0], new CurlTransport(), new SystemClock());
$report['unknown'] = $code(static fn () => $unknown->status('sha256:' . str_repeat('0', 64)));
$report['unfinished'] = $code(static fn () => $unknown->receipt('sha256:' . str_repeat('0', 64)));
$trap = $client->run(new Job($module('trap')), [new Worker($first, $known[$first])])->receipt;
$report['trap'] = [$trap->completion->value, $trap->exitCode];

echo json_encode($report, JSON_THROW_ON_ERROR), "\n";
