import type { AskedRight } from '../fake-api-server.js';
import type { Manifest, PolicyRule } from './helm.js';

/** What the rendered roles allow one account, and what of it was used. */
export class Rights {
  readonly #grants: { rule: PolicyRule; inNamespace: boolean }[];
  readonly #used = new Set<string>();

  constructor(manifests: readonly Manifest[], account: string) {
    const bindings = manifests.filter(({ subjects }) => subjects?.some(({ kind, name }) => kind === 'ServiceAccount' && name === account));
    this.#grants = bindings.flatMap(({ kind: binding, roleRef }) => {
      const role = manifests.find(({ kind, metadata }) => kind === roleRef?.kind && metadata.name === roleRef.name);
      return (role?.rules ?? []).map((rule) => ({ rule, inNamespace: binding === 'RoleBinding' }));
    });
  }

  /** `verb resource.group`, with the name where the rule has one. */
  get granted(): string[] {
    return this.#grants.flatMap(({ rule }) =>
      rule.apiGroups.flatMap((group) =>
        rule.resources.flatMap((resource) =>
          rule.verbs.flatMap((verb) => namesOf(rule).map((name) => keyOf(verb, { group, resource, name }))),
        ),
      ),
    );
  }

  get unused(): string[] {
    return this.granted.filter((grant) => !this.#used.has(grant));
  }

  /** Whether some rule allows a call; that rule counts as used. */
  allow({ verb, group, resource, name }: AskedRight): boolean {
    const grant = this.#grants.find(
      ({ rule, inNamespace }) =>
        inNamespace === (resource !== 'nodes') &&
        rule.apiGroups.includes(group) &&
        rule.resources.includes(resource) &&
        rule.verbs.includes(verb) &&
        (rule.resourceNames?.includes(name) ?? true),
    );
    if (grant === undefined) return false;
    this.#used.add(keyOf(verb, { group, resource, name: grant.rule.resourceNames === undefined ? '' : name }));
    return true;
  }
}

function namesOf({ resourceNames }: PolicyRule): readonly string[] {
  return resourceNames ?? [''];
}

function keyOf(verb: string, { group, resource, name }: { group: string; resource: string; name: string }): string {
  return `${verb} ${group === '' ? resource : `${resource}.${group}`}${name === '' ? '' : ` ${name}`}`;
}
