<?php

declare(strict_types=1);

namespace Plasmd;

/** The two streams of a job's output. */
enum Stream: string
{
    case Stdout = 'stdout';
    case Stderr = 'stderr';
}
