import { expect, test } from 'vitest';
import { configurationPage, overviewText, roleText } from './help-text.js';
import { describedSettings, roles } from './settings.js';
import { settingsOf } from './load-settings.js';

test('docs/configuration.md is what the table says (run with -u to write it anew)', async () => {
  await expect(configurationPage()).toMatchFileSnapshot('../../../docs/configuration.md');
});

test.each(roles)('the help of %s names each of its settings and fits a terminal', (role) => {
  const text = roleText(role);
  for (const setting of settingsOf(role)) expect(text).toContain(`  ${setting.flag}`);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
});

test('the overview names every role', () => {
  for (const role of roles) expect(overviewText()).toMatch(new RegExp(`^  ${role} `, 'm'));
});

test('every default is accepted by its own setting', () => {
  for (const setting of describedSettings) {
    const texts = typeof setting.default === 'object' ? Object.values(setting.default ?? {}) : [setting.default];
    for (const text of texts) expect(setting.type.parse(text), setting.name).toBeDefined();
  }
});
