<?php
// batch.php 500: so many invoices, sixteen at a time, each saved as soon as it is made. Wants inkwire.php beside it.
require 'inkwire.php';

$inkwire = new Inkwire\Client(); // INKWIRE_URL and INKWIRE_KEY

function invoice(int $number): array
{
    return ['title' => "Invoice $number", 'operations' => [['type' => 'add_text', 'text' => "Invoice $number"]]];
}

$invoices = function (int $count): Generator {
    for ($number = 1; $number <= $count; $number += 1) {
        yield $number => invoice($number);
    }
};

$count = (int) $argv[1];
is_dir('invoices') || mkdir('invoices');
foreach ($inkwire->batch($invoices($count)) as $number => $job) {
    if ($job instanceof Inkwire\InkwireError) {
        echo "$number is refused: {$job->getMessage()}\n";
    } elseif ($job['status'] === 'completed') {
        $inkwire->download($job, "invoices/$number.pdf");
    } else {
        echo "$number {$job['error']}\n";
    }
}

// One that is watched.
$job = $inkwire->submit(invoice($count + 1));
foreach ($inkwire->watch($job) as $event) {
    echo $event['type'], ' ', $event['job']['progress'] ?? 0, " %\n";
}
