<?php

/** The PHP client as client/conformance/check.mjs drives it. */

declare(strict_types=1);

use Inkwire\{Client, InkwireError, Tasks};

require __DIR__ . '/inkwire.php';

$inkwire = new Client();
$feeds = [];
$tasks = new Tasks();

$say = function (int $id, array $told): void {
    fwrite(STDOUT, json_encode(['id' => $id, ...$told], JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE) . "\n");
};
$described = fn (InkwireError $error): array => [
    'slug' => $error->slug,
    'status' => $error->status,
    'message' => $error->getMessage(),
];

$run = function (int $id, array $command) use ($inkwire, &$feeds, $say, $described): void {
    switch ($command['do']) {
        case 'submit':
            $say($id, ['job' => $inkwire->submit($command['request'])]);
            break;
        case 'watch':
            foreach ($inkwire->watch($command['job']) as $event) {
                $say($id, ['event' => $event]);
            }
            $say($id, ['end' => true]);
            break;
        case 'follow':
            $feeds[$id] = $inkwire->follow($command['topics'], $command['after']);
            foreach ($feeds[$id] as $event) {
                $say($id, ['event' => $event]);
            }
            $say($id, ['end' => true, 'cursor' => $feeds[$id]->cursor]);
            break;
        case 'close':
            $feeds[$command['feed']]->close();
            $say($id, []);
            break;
        case 'download':
            $content = $inkwire->download($command['job_id']);
            $say($id, ['sha256' => hash('sha256', $content), 'size' => strlen($content)]);
            break;
        case 'batch':
            foreach ($inkwire->batch($command['requests']) as $index => $outcome) {
                $is = $outcome instanceof InkwireError ? ['error' => $described($outcome)] : ['job' => $outcome];
                $say($id, ['index' => $index, ...$is]);
            }
            $say($id, ['end' => true]);
            break;
    }
};

stream_set_blocking(STDIN, false);
$isOpen = true;
$tasks->start(function () use ($tasks, $run, $say, $described, &$isOpen): void {
    for ($text = ''; !feof(STDIN);) {
        Tasks::wait([STDIN], [], Tasks::now() + 60);
        $lines = explode("\n", $text . fread(STDIN, 1 << 16));
        $text = array_pop($lines);
        foreach ($lines as $line) {
            $command = json_decode($line, true, 512, JSON_THROW_ON_ERROR);
            $tasks->start(function () use ($command, $run, $say, $described): void {
                try {
                    $run($command['id'], $command);
                } catch (InkwireError $error) {
                    $say($command['id'], ['end' => true, 'error' => $described($error)]);
                }
            });
        }
    }
    $isOpen = false;
});
while ($isOpen) {
    $tasks->step();
}
