import js from '@eslint/js';
import globals from 'globals';

const WEB = 'services/gateway/src/gateway/portal/web/**/*.js';
const TESTS = 'services/gateway/tests/web/**/*.js';

export default [
  { ignores: ['.venv*/', 'var/', '.npm/'] },
  js.configs.recommended,
  {
    files: [WEB, TESTS],
    rules: {
      complexity: ['error', 15],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-lines': ['error', 300],
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Export by name.' }],
      'no-unused-vars': ['error', { ignoreRestSiblings: true }],
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  { files: [WEB], languageOptions: { globals: globals.browser } },
  { files: [TESTS, 'bench/**/*.js'], languageOptions: { globals: globals.node } },
];
