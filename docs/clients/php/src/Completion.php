<?php

declare(strict_types=1);

namespace Plasmd;

/** How a job ended: by itself, or by what. */
enum Completion: string
{
    case Exit = 'exit';
    case Trap = 'trap';
    case Timeout = 'timeout';
    case Memory = 'memory';
    case Output = 'output';
    case Cancelled = 'cancelled';
}
