<?php

declare(strict_types=1);

namespace Plasmd;

use Plasmd\Json\Members;
use Plasmd\Signed\Document;

/** A job for one worker, signed by who wants it. It exists only if it is well-formed and signed. */
final class JobSpec
{
    private const MEMBERS = [
        'worker', 'module', 'args', 'env', 'stdin', 'files', 'limits', 'deterministic', 'nonce', 'expires_at',
    ];

    private function __construct(
        /** What is sent: canonical, signed. */
        public readonly string $bytes,
        /** `sha256:` of what was signed. Who knows it reads the result. */
        public readonly string $id,
        /** The keyid of who wants it. */
        public readonly string $submitter,
        /** The keyid of the one worker that may run it. */
        public readonly string $worker,
        /** The digest of the module. */
        public readonly string $module,
        /** Bytes of stdout and stderr together. */
        public readonly int $outputBytes,
        /** Seconds since 1970. */
        public readonly int $expiresAt,
    ) {
    }

    /** Signs a job; `$fields` are its members without the version and the signatures. */
    public static function seal(\stdClass $fields, Identity $identity): self
    {
        return self::open(self::document()->seal($fields, $identity));
    }

    /** Reads a signed job. */
    public static function open(string $bytes): self
    {
        $document = self::document();
        $object = $document->parse($bytes);
        $members = $document->membersOf($object);
        self::checkInput($members);
        $output = self::checkLimits($members->inside('limits'));
        $members->flag('deterministic');
        $members->base64('nonce', 16);
        $expiresAt = $members->time('expires_at');
        $document->checkSigner($object);
        return new self(
            $bytes,
            $document->id($object),
            $members->keyId('submitter'),
            $members->keyId('worker'),
            $members->digest('module'),
            $output,
            $expiresAt,
        );
    }

    private static function document(): Document
    {
        return new Document('job', 'phase-job:v1:', 'spec_version', 'submitter', self::MEMBERS, Limits::SPEC_BYTES);
    }

    private static function checkInput(Members $members): void
    {
        $members->keyId('worker');
        $members->digest('module');
        foreach ($members->list('args') as $arg) {
            self::checkText($arg, 'args', $members);
        }
        foreach ($members->map('env') as $name => $value) {
            if ((string) $name === '' || strpbrk((string) $name, "=\0") !== false) {
                $members->refuse('env', 'has a name that is empty or holds = or a zero byte');
            }
            self::checkText($value, 'env', $members);
        }
        if ($members->value('stdin') !== null) {
            $members->digest('stdin');
        }
        self::checkFiles($members);
    }

    /** A module reads text up to its first zero byte. */
    private static function checkText(mixed $text, string $name, Members $members): void
    {
        if (!is_string($text) || str_contains($text, "\0")) {
            $members->refuse($name, 'must hold text without a zero byte');
        }
    }

    private static function checkFiles(Members $members): void
    {
        $files = $members->map('files');
        $digests = $members->inside('files');
        foreach (array_keys($files) as $name) {
            $name = (string) $name;
            if (!JobPath::isValid($name)) {
                $members->refuse('files', 'has a name that is no path like data/input.txt');
            }
            $digests->digest($name);
            foreach (JobPath::directories($name) as $directory) {
                if (array_key_exists($directory, $files)) {
                    $members->refuse("files.$directory", 'is a file and a directory');
                }
            }
        }
    }

    private static function checkLimits(Members $limits): int
    {
        $limits->only('wall_ms', 'memory_bytes', 'output_bytes');
        $limits->whole('wall_ms', 1, Limits::WALL_MS);
        $limits->whole('memory_bytes', Limits::MEMORY_MIN_BYTES, Limits::ASKED_BYTES);
        return $limits->whole('output_bytes', 0, Limits::ASKED_BYTES);
    }
}
