<?php

declare(strict_types=1);

namespace Plasmd;

use Plasmd\Signed\Document;

/** The end of a job before its time, signed by who submitted it. */
final class Cancel
{
    /** The bytes that cancel a job. */
    public static function seal(string $jobId, Identity $identity): string
    {
        $document = new Document(
            'cancel',
            'phase-cancel:v1:',
            'cancel_version',
            'submitter',
            ['job_id'],
            Limits::CANCEL_BYTES,
        );
        $bytes = $document->seal((object) ['job_id' => $jobId, 'submitter' => $identity->keyId], $identity);
        $document->membersOf($document->parse($bytes))->digest('job_id');
        return $bytes;
    }
}
