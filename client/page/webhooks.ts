import type { DeliveryRecord, WebhookRecord } from '../../src/protocol/webhook-record.js';
import type { Http } from '../sdk/http.js';

const path = '/api/v1/webhooks';

export async function listWebhooks(http: Http, signal: AbortSignal): Promise<readonly WebhookRecord[]> {
  const page = await http.json<{ webhooks: WebhookRecord[] }>('GET', path, { query: { limit: 200 }, signal });
  return page.webhooks;
}

export function addWebhook(http: Http, url: string): Promise<WebhookRecord> {
  return http.json('POST', path, { body: { url } });
}

export function turnWebhook(http: Http, id: string, enabled: boolean): Promise<WebhookRecord> {
  return http.json('PATCH', `${path}/${id}`, { body: { enabled } });
}

export async function removeWebhook(http: Http, id: string): Promise<void> {
  await http.send('DELETE', `${path}/${id}`);
}

export function testWebhook(http: Http, id: string): Promise<DeliveryRecord> {
  return http.json('POST', `${path}/${id}/test`);
}

export async function listDeliveries(
  http: Http,
  id: string,
  signal: AbortSignal,
): Promise<readonly DeliveryRecord[]> {
  const query = { limit: 50 };
  const page = await http.json<{ deliveries: DeliveryRecord[] }>('GET', `${path}/${id}/deliveries`, {
    query,
    signal,
  });
  return page.deliveries;
}

export function getDelivery(http: Http, id: string, delivery: string): Promise<DeliveryRecord> {
  return http.json('GET', `${path}/${id}/deliveries/${delivery}`);
}

export function replayDelivery(http: Http, id: string, delivery: string): Promise<DeliveryRecord> {
  return http.json('POST', `${path}/${id}/deliveries/${delivery}/replay`);
}

/** What the receiver said, or why it said nothing. */
export function outcomeOf({ last_status: status, last_error: error = '' }: DeliveryRecord): string {
  return status === undefined ? error : `HTTP ${status}`;
}
